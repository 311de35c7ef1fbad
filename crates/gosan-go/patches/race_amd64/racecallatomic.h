// On this stack, if that is enough; then Go's own way to the object.  The symbol of
// an atomic operation goes to its quick one 16 bytes further: abi/atomics.rs.
racecallatomic_ok:
	MOVQ	g_racectx(R14), RARG0
	MOVQ	8(SP), RARG1	// caller pc
	MOVQ	(SP), RARG2	// pc
	LEAQ	16(SP), RARG3	// arguments
	MOVQ	AX, R13
	MOVQ	SP, R12
	ANDQ	$~15, SP
	ADDQ	$16, AX
	CALL	AX
	MOVQ	R12, SP
	XORPS	X15, X15
	TESTB	AX, AX
	MOVQ	R13, AX
	JEQ	racecallatomic_other
	RET
racecallatomic_other:
