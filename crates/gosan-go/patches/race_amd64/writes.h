#define UNLIKE(record)	XORL	$0x10000000, record; TESTL	$0x3fffffff, record	// a write
#define KNOWN	56
