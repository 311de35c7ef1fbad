#include "gosan_quick_amd64.h"
// The usual case first: a call that was made from this context lately, and no
// frames left behind.  What follows is Go's own way to the object.
// Offsets: see racectx.rs, frames.rs and stacks.rs.  DX is kept: it may hold
// the context of a closure.
TEXT	runtime·racefuncenter<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ	g_racectx(R14), RARG0
	TESTQ	RARG0, RARG0
	JEQ	done
	MOVQ	(g_stack+stack_hi)(R14), CX
	SUBQ	SP, CX	// the distance of the function that is entered
	MOVQ	(RARG0), R8	// the innermost frame
	CMPQ	8(R8), CX
	JAE	slow	// it was left without a word
	CMPQ	R8, 8(RARG0)
	JAE	slow	// no room
	MOVQ	(R8), R9	// its node
	MOVQ	AX, R10
	SHRQ	$3, R10
	ANDL	$3, R10
	MOVL	16(R9)(R10*4), R11	// recent
	SHLQ	$6, R11
	ADDQ	40(RARG0), R11	// nodes
	CMPQ	AX, (R11)
	JNE	second	// another call
enter:
	ADDQ	$16, R8
	MOVQ	R11, (R8)
	MOVQ	CX, 8(R8)
	MOVQ	R8, (RARG0)
done:
	RET
second:
	XORL	$1, R10
	MOVL	16(R9)(R10*4), R11
	SHLQ	$6, R11
	ADDQ	40(RARG0), R11
	CMPQ	AX, (R11)
	JEQ	enter
slow:
	// On this stack, if the call was ever made from this context.
	PUSHQ	DX
	MOVQ	AX, R13
	MOVQ	AX, RARG1
	MOVQ	CX, RARG2
	MOVQ	$__gosan_quick_enter(SB), AX
	CALL_QUICK(AX)
	POPQ	DX
	JEQ	other
	RET
other:
	MOVQ	R13, R11
