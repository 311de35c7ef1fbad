#include "gosan_quick_amd64.h"
// What Go's runtime tells of itself: on this stack, if that is enough; then Go's
// own way to the object.  QUICK: see race_byte.h.
	MOVQ	g_racectx(R14), RARG0
	TESTQ	RARG0, RARG0
	JEQ	other
	CMPQ	RARG1, runtime·racearenastart(SB)
	JB	data
	CMPQ	RARG1, runtime·racearenaend(SB)
	JB	quick
data:
	CMPQ	RARG1, runtime·racedatastart(SB)
	JB	other
	CMPQ	RARG1, runtime·racedataend(SB)
	JAE	other
quick:
	MOVQ	(g_stack+stack_hi)(R14), R8
	SUBQ	SP, R8
	MOVQ	$QUICK(SB), AX
	CALL_QUICK(AX)
	JEQ	again
	RET
again:
	MOVQ	addr+0(FP), RARG1
	MOVQ	size+8(FP), RARG2
	MOVQ	pc+16(FP), RARG3
	ADDQ	$1, RARG3
other:
