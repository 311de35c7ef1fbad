// On this stack, if that is enough; what follows is Go's own way to the object.
// QUICK is the function of the object.
slow:
	MOVQ	AX, RARG1
	MOVQ	(SP), RARG2
	MOVQ	(g_stack+stack_hi)(R14), RARG3
	SUBQ	SP, RARG3
	MOVQ	AX, R13
	MOVQ	$QUICK(SB), AX
	CALL_QUICK
	MOVQ	R13, AX
	JEQ	other
	RET
other:
