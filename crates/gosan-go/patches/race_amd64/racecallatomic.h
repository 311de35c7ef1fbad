#include "gosan_quick_amd64.h"
// An atomic operation on this stack, if that is enough; then Go's own way to the
// object.  The symbol of an operation goes to its quick one 16 bytes further:
// abi/atomics.rs.  In a function of its own, since the one that looks whether the
// address can be read must not change SP: Go walks the stack from there.
TEXT	racequickatomic<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ	g_racectx(R14), RARG0
	MOVQ	8(SP), RARG1	// caller pc
	MOVQ	(SP), RARG2	// pc
	LEAQ	16(SP), RARG3	// arguments
	MOVQ	AX, R13
	ADDQ	$16, AX
	CALL_QUICK(AX)
	MOVQ	R13, AX
	JEQ	other
	RET
other:
	MOVQ	g_racectx(R14), RARG0
	MOVQ	8(SP), RARG1
	MOVQ	(SP), RARG2
	LEAQ	16(SP), RARG3
	JMP	racecall<>(SB)

TEXT	runtime·racecall(SB), NOSPLIT, $0-0
