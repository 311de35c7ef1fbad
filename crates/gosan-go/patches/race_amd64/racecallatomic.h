#include "gosan_quick_amd64.h"
// On this stack, if that is enough; then Go's own way to the object.  The symbol of
// an atomic operation goes to its quick one 16 bytes further: abi/atomics.rs.
racecallatomic_ok:
	MOVQ	g_racectx(R14), RARG0
	MOVQ	8(SP), RARG1	// caller pc
	MOVQ	(SP), RARG2	// pc
	LEAQ	16(SP), RARG3	// arguments
	MOVQ	AX, R13
	ADDQ	$16, AX
	CALL_QUICK
	MOVQ	R13, AX
	JEQ	racecallatomic_other
	RET
racecallatomic_other:
