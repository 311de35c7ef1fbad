// Package races: two accesses that nothing orders, and much between them.
//
// Every test is one race. The earlier access is made by a function whose name
// begins with former, called by one that ends in Caller, and the later one by
// latter and its caller, so that a report can be asked for complete stacks.
// The other half, ../ordered, has the same pairs with an order.
package races

import (
	"testing"

	"exact.example/gosan/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

//go:noinline
func former(x *int64) { *x = 1 }

//go:noinline
func formerCaller(x *int64) { former(x) }

//go:noinline
func latter(x *int64) { *x = 2 }

//go:noinline
func latterCaller(x *int64) { latter(x) }

//go:noinline
func formerByte(b *byte) { *b = 1 }

//go:noinline
func formerByteCaller(b *byte) { formerByte(b) }

//go:noinline
func latterByte(b *byte) { *b = 2 }

//go:noinline
func latterByteCaller(b *byte) { latterByte(b) }

//go:noinline
func formerRead(x *int64) { lab.Use(*x) }

//go:noinline
func formerReadCaller(x *int64) { formerRead(x) }

//go:noinline
func formerRange(to, from []byte) { copy(to, from) }

//go:noinline
func formerRangeCaller(to, from []byte) { formerRange(to, from) }

//go:noinline
func latterRange(to, from []byte) { copy(to, from) }

//go:noinline
func latterRangeCaller(to, from []byte) { latterRange(to, from) }
