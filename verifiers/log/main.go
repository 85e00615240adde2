// Command log recomputes a Headgate ledger from its public files, with none of Headgate's code: the note, the tree and
// the tiles are read by golang.org/x/mod/sumdb, which the Go project uses for its own checksum database. It believes the
// verifier key it is given and nothing else.
//
//	go run . -url http://127.0.0.1:8700/log -key 'headgate/dep_…+4c81f3ba+Af…' -seen checkpoint.txt
//
// It checks the head's signature, every hash tile, every entry, the form of each entry, and, with -seen, that the log
// continues the checkpoint kept there; then it keeps the new one. Exit code 0 accepts, 1 rejects.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight   = 8
	tileWidth    = 1 << tileHeight
	fileBytesMax = tileWidth * (2 + 65535) // a full entry bundle
	entriesMax   = 4_000_000
)

// What an entry is: the digest of a signed envelope and the verb of the act in it, as canonical JSON.
var leafForm = regexp.MustCompile(`^\{"statement":"sha256:[0-9a-f]{64}","v":1,"verb":"([a-z][a-z-]{0,39})"\}$`)

var client = &http.Client{Timeout: 30 * time.Second}

func main() {
	url := flag.String("url", "", "where the log's files are, for example http://127.0.0.1:8700/log")
	key := flag.String("key", "", "the log's verifier key, got on a way you trust")
	seen := flag.String("seen", "", "file with the checkpoint accepted last; written when this one is accepted")
	flag.Parse()
	if err := verify(server(strings.TrimRight(*url, "/")), *key, *seen); err != nil {
		fmt.Println("REJECTED:", err)
		os.Exit(1)
	}
}

func verify(log server, key, seenFile string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	signed, err := log.get("checkpoint")
	if err != nil {
		return err
	}
	head, err := openCheckpoint(signed, verifier)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(head, log)
	verbs, err := checkEntries(log, head, hashes)
	if err != nil {
		return err
	}
	if seenFile != "" {
		if err := checkContinues(seenFile, verifier, head, hashes); err != nil {
			return err
		}
		if err := os.WriteFile(seenFile, signed, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("ACCEPTED: %d entries, root %v, %v\n", head.N, head.Hash, verbs)
	return nil
}

func openCheckpoint(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.SplitN(opened.Text, "\n", 4)
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("checkpoint: of another log")
	}
	// The tree's own text form says its first line differently; size and root are the same two lines.
	head, err := tlog.ParseTree([]byte("go.sum database tree\n" + lines[1] + "\n" + lines[2] + "\n"))
	if err == nil && (head.N < 1 || head.N > entriesMax) {
		err = fmt.Errorf("%d entries; this program reads 1 to %d", head.N, entriesMax)
	}
	return head, err
}

// checkEntries compares every entry with the tree's leaf and counts the verbs.
func checkEntries(log server, head tlog.Tree, hashes tlog.HashReader) (map[string]int, error) {
	verbs := map[string]int{}
	for first := int64(0); first < head.N; first += tileWidth {
		width := int(min(tileWidth, head.N-first))
		bundle, err := log.get(path(tlog.Tile{H: tileHeight, L: -1, N: first / tileWidth, W: width}))
		if err != nil {
			return nil, err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			return nil, err
		}
		for i, leaf := range leaves {
			entry, rest, ok := cut(bundle)
			form := leafForm.FindSubmatch(entry)
			if !ok || form == nil || tlog.RecordHash(entry) != leaf {
				return nil, fmt.Errorf("entry %d is not what the tree holds", first+int64(i))
			}
			verbs[string(form[1])]++
			bundle = rest
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("bundle %d holds more than its entries", first/tileWidth)
		}
	}
	return verbs, nil
}

// cut takes one entry off a bundle: two bytes of length, big-endian, and that many bytes.
func cut(bundle []byte) (entry, rest []byte, ok bool) {
	if len(bundle) < 2 {
		return nil, nil, false
	}
	end := 2 + int(binary.BigEndian.Uint16(bundle))
	if len(bundle) < end {
		return nil, nil, false
	}
	return bundle[2:end], bundle[end:], true
}

// checkContinues demands that the tree contains the one whose checkpoint was kept.
func checkContinues(file string, verifier note.Verifier, head tlog.Tree, hashes tlog.HashReader) error {
	kept, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	before, err := openCheckpoint(kept, verifier)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if before.N > head.N {
		return fmt.Errorf("FORK: %d entries, and %d were seen before", head.N, before.N)
	}
	proof, err := tlog.ProveTree(head.N, before.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, head.N, head.Hash, before.N, before.Hash); err != nil {
		return fmt.Errorf("FORK: not the log seen before at size %d: %w", before.N, err)
	}
	return nil
}

// server is the address of a log's files. As a tlog.TileReader it hands out hash tiles, which the caller authenticates.
type server string

func (s server) get(name string) ([]byte, error) {
	answer, err := client.Get(string(s) + "/" + name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, fileBytesMax+1))
	if err == nil && (answer.StatusCode != http.StatusOK || len(body) > fileBytesMax) {
		err = fmt.Errorf("%s: %s, %d bytes", name, answer.Status, len(body))
	}
	return body, err
}

func (server) Height() int                     { return tileHeight }
func (server) SaveTiles([]tlog.Tile, [][]byte) {}

func (s server) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if read[i], err = s.get(path(tile)); err != nil {
			return nil, err
		}
	}
	return read, nil
}

// path is the tlog-tiles address of a tile: as x/mod writes it, less the height, and with its own word for entries.
func path(tile tlog.Tile) string {
	short := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return "tile/" + strings.Replace(short, "data/", "entries/", 1)
}
