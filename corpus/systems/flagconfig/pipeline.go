package flagconfig

import "strings"

// Count splits lines into words in one goroutine and counts them in another.
// Both use one map: the producer to skip words that were seen already.
func Count(lines []string, pause func()) map[string]int {
	seen := map[string]int{}
	words := make(chan string, 16)
	go func() {
		defer close(words)
		for _, line := range lines {
			for _, word := range strings.Fields(line) {
				if seen[word] == 0 {
					words <- word
				}
				pause()
			}
		}
	}()
	for word := range words {
		seen[word]++
	}
	return seen
}

// CountOwned leaves the map to the consumer alone.
func CountOwned(lines []string) map[string]int {
	words := make(chan string, 16)
	go func() {
		defer close(words)
		for _, line := range lines {
			for _, word := range strings.Fields(line) {
				words <- word
			}
		}
	}()
	seen := map[string]int{}
	for word := range words {
		seen[word]++
	}
	return seen
}
