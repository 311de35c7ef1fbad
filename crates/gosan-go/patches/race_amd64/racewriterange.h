// The usual case first: whole words, each with a record of the goroutine's
// present segment that stands for a write of all its bytes.  What follows is
// Go's own way to the object.
TEXT	runtime·racewriterange<ABIInternal>(SB), NOSPLIT, $0-16
	MOVQ	g_racectx(R14), RARG0
	CMPQ	AX, runtime·racearenastart(SB)
	JB	data
	CMPQ	AX, runtime·racearenaend(SB)
	JAE	data
	TESTQ	RARG0, RARG0
	JEQ	done
	MOVQ	48(RARG0), R8	// heap_shadow
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
	XORL	$0x10000000, R11
	TESTL	$0x3fffffff, R11	// the same, and the kind is a plain one
	JNE	slow
	SHRQ	$56, R10
	CMPL	R10, $0xff
	JNE	slow
	DECQ	CX
	JNE	word
done:
	RET
data:
	CMPQ	AX, runtime·racedatastart(SB)
	JB	done
	CMPQ	AX, runtime·racedataend(SB)
	JAE	done
	TESTQ	RARG0, RARG0
	JEQ	done
	MOVQ	56(RARG0), R8	// data_shadow
	JMP	look
slow:
