// What Go's runtime tells of itself: on this stack, if that is enough; what follows is
// Go's own way to the object.  QUICK: see race_byte.h.
first:
other_byte:
slow:
	MOVQ	AX, RARG1
	MOVQ	callpc+8(FP), RARG2
	MOVQ	pc+16(FP), RARG3
	ADDQ	$1, RARG3
	MOVQ	$QUICK(SB), AX
	CALL_QUICK(AX)
	JEQ	other
	RET
other:
	MOVQ	addr+0(FP), RARG1
