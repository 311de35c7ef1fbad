package main

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rows in which one goroutine computes: the detector's checks of accesses and
// its function entries are all that is added.

type order struct {
	ID       int               `json:"id"`
	Customer string            `json:"customer"`
	Paid     bool              `json:"paid"`
	Total    float64           `json:"total"`
	Items    []item            `json:"items"`
	Labels   map[string]string `json:"labels"`
}

type item struct {
	Name   string   `json:"name"`
	Count  int      `json:"count"`
	Weight float64  `json:"weight"`
	Tags   []string `json:"tags"`
}

func someOrders(n int) []order {
	orders := make([]order, n)
	for i := range orders {
		o := order{
			ID:       i,
			Customer: "customer " + strconv.Itoa(i),
			Paid:     i%2 == 0,
			Total:    float64(i) * 1.25,
			Labels:   map[string]string{"region": "north", "rank": strconv.Itoa(i % 7)},
		}
		for j := range 4 {
			o.Items = append(o.Items, item{
				Name:   "item \"" + strconv.Itoa(j) + "\"",
				Count:  j,
				Weight: 0.5 * float64(j),
				Tags:   []string{"new", "heavy"},
			})
		}
		orders[i] = o
	}
	return orders
}

func jsonRoundTrips() int {
	orders := someOrders(50)
	length := 0
	for range 220 {
		text, err := json.Marshal(orders)
		if err != nil {
			panic(err)
		}
		length += len(text)
		var back []order
		if err := json.Unmarshal(text, &back); err != nil {
			panic(err)
		}
		orders = back
	}
	return length
}

func sortInts() int {
	r := random(1)
	shuffled := make([]int, 4096)
	for i := range shuffled {
		shuffled[i] = int(r.next() % 1000000)
	}
	sum := 0
	for i := range 700 {
		numbers := slices.Clone(shuffled)
		slices.Sort(numbers)
		sum += numbers[i]
	}
	return sum
}

func mapIncrements() int {
	r := random(1)
	names := make([]string, 2000)
	for i := range names {
		names[i] = "name " + strconv.FormatUint(r.next()%100000, 10)
	}
	counts := map[string]int{}
	squares := map[int]int{}
	for i := range 10000000 {
		counts[names[i%len(names)]]++
		squares[i&1023] += i
	}
	return len(counts) + squares[7]
}

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.count() + t.right.count()
}

func binaryTrees() int {
	nodes := 0
	for range 1600 {
		nodes += grow(12).count()
	}
	return nodes
}

func matrixProducts() int {
	const n = 64
	type matrix [n][n]float64
	a, b, c := new(matrix), new(matrix), new(matrix)
	for i := range n {
		for j := range n {
			a[i][j], b[i][j] = float64(i+j), float64(i-j)
		}
	}
	total := 0.0
	for range 500 {
		for i := range n {
			for j := range n {
				sum := 0.0
				for k := range n {
					sum += a[i][k] * b[k][j]
				}
				c[i][j] = sum
			}
		}
		total += c[3][5]
	}
	return int(total)
}

func someText(words int) string {
	r := random(7)
	var text strings.Builder
	for i := range words {
		text.WriteString([]string{"the", "quick", "brown", "Fox", "jumps", "over", "lazy", "dog"}[r.next()%8])
		if i%12 == 11 {
			text.WriteString(", " + strconv.FormatUint(r.next()%100000, 10) + "@example.org\n")
		} else {
			text.WriteByte(' ')
		}
	}
	return text.String()
}

func stringEdits() int {
	text := someText(2000)
	length := 0
	for range 1000 {
		upper := strings.ToUpper(text)
		fields := strings.Fields(upper)
		length += len(strings.ReplaceAll(strings.Join(fields, "-"), "QUICK", "slow"))
		length += strings.Count(text, "o") + len(strings.Split(text, ","))
	}
	return length
}

func regexpMatches() int {
	text := someText(4000)
	address := regexp.MustCompile(`([a-z0-9]+)@([a-z]+)\.(org|com)`)
	capital := regexp.MustCompile(`\b[A-Z][a-z]+ (\w+) (\w+)`)
	matches := 0
	for range 30 {
		matches += len(address.FindAllStringSubmatch(text, -1))
		matches += len(capital.FindAllString(text, -1))
	}
	return matches
}

func compressText() int {
	text := []byte(someText(40000))
	length := 0
	for range 7 {
		var packed bytes.Buffer
		writer, err := flate.NewWriter(&packed, flate.DefaultCompression)
		if err != nil {
			panic(err)
		}
		if _, err := writer.Write(text); err != nil {
			panic(err)
		}
		if err := writer.Close(); err != nil {
			panic(err)
		}
		length += packed.Len()
		back, err := io.ReadAll(flate.NewReader(&packed))
		if err != nil {
			panic(err)
		}
		length += len(back)
	}
	return length
}
