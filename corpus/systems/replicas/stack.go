package replicas

import "sync"

// Stack holds connections that are not in use.
type Stack interface {
	Push(conn *Answer)
	Pop() *Answer
}

// Bare is guarded by nothing.
type Bare struct {
	conns []*Answer
}

// Push puts a connection on top.
func (s *Bare) Push(conn *Answer) { s.conns = append(s.conns, conn) }

// Pop takes the top connection off, or returns nil.
func (s *Bare) Pop() *Answer {
	n := len(s.conns)
	if n == 0 {
		return nil
	}
	conn := s.conns[n-1]
	s.conns = s.conns[:n-1]
	return conn
}

// Mutexed is guarded by a mutex.
type Mutexed struct {
	mu   sync.Mutex
	bare Bare
}

// Push puts a connection on top.
func (s *Mutexed) Push(conn *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bare.Push(conn)
}

// Pop takes the top connection off, or returns nil.
func (s *Mutexed) Pop() *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bare.Pop()
}

// Channeled is guarded by a channel that holds the stack: who has received
// it owns it.
type Channeled chan *Bare

// NewChanneled returns an empty stack.
func NewChanneled() Channeled {
	s := make(Channeled, 1)
	s <- &Bare{}
	return s
}

// Push puts a connection on top.
func (s Channeled) Push(conn *Answer) {
	bare := <-s
	bare.Push(conn)
	s <- bare
}

// Pop takes the top connection off, or returns nil.
func (s Channeled) Pop() *Answer {
	bare := <-s
	conn := bare.Pop()
	s <- bare
	return conn
}
