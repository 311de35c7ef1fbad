#include "gosan_quick_amd64.h"
// The usual case first: whole words, each with a record of the goroutine's
// present segment that stands for this access to all its bytes.  What follows
// is Go's own way to the object.  For the names in capitals see race_byte.h.
TEXT	HOOK<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-16
	HEAP_SHADOW
look:
	MOVQ	AX, R9
	ORQ	BX, R9
	TESTL	$7, R9
	JNE	slow	// not whole words
	MOVQ	BX, CX
	SHRQ	$3, CX
	JEQ	done
	CMPQ	CX, $16
	JHI	slow
	ADDQ	AX, R8
word:
	MOVQ	-8(R8)(CX*8), R10	// the cell of the last word that is left
	MOVL	R10, R11
	XORL	64(RARG0), R11	// segment
	UNLIKE(R11)
	JNE	slow
	SHRQ	$56, R10
	CMPL	R10, $0xff
	JNE	slow
	DECQ	CX
	JNE	word
done:
	RET
data:
	DATA_SHADOW
slow:
	MOVQ	AX, RARG1
	MOVQ	BX, RARG2
	MOVQ	(SP), RARG3
	MOVQ	(g_stack+stack_hi)(R14), R8
	SUBQ	SP, R8
	MOVQ	AX, R13
	MOVQ	$QUICK(SB), AX
	CALL_QUICK(AX)
	MOVQ	R13, AX
	JEQ	other
	RET
other:
