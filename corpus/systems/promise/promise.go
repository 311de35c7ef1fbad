// Package promise is a product page that asks a pricing service in the
// background, with promises as in other languages.
package promise

// Promise is a value that will be there later.
type Promise[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Start computes the value in a goroutine of its own.
func Start[T any](f func() (T, error)) *Promise[T] {
	p := &Promise[T]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.value, p.err = f()
	}()
	return p
}

// Then calls f with the value, in a goroutine of its own, when it is there.
// Nobody waits for f.
func (p *Promise[T]) Then(f func(T)) *Promise[T] {
	go func() {
		<-p.done
		if p.err == nil {
			f(p.value)
		}
	}()
	return p
}

// Await returns the value when it is there.
func (p *Promise[T]) Await() (T, error) {
	<-p.done
	return p.value, p.err
}
