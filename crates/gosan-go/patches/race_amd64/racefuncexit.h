// The usual case first: the innermost frame is the one that is left.  What
// follows is Go's own way to the object.  Offsets: see frames.rs.
TEXT	runtime·racefuncexit<ABIInternal>(SB), NOSPLIT, $0-0
	MOVQ	g_racectx(R14), RARG0
	TESTQ	RARG0, RARG0
	JEQ	done
	MOVQ	(g_stack+stack_hi)(R14), CX
	SUBQ	SP, CX
	MOVQ	(RARG0), R8	// the innermost frame
	CMPQ	8(R8), CX
	JNE	slow
	SUBQ	$16, R8
	MOVQ	R8, (RARG0)
done:
	RET
slow:
