// A steady producer by franz-go: see ../index.ts for its words and what it prints.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	bootstrap, topic, partitions := os.Args[1], os.Args[2], number(os.Args[3])
	perSecond, acks, name := number(os.Args[4]), number(os.Args[5]), os.Args[6]
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MaxBufferedRecords(1_000_000),
		// Without it a process that is killed right after it was connected to fails records: what the system ends in its place
		// looks like missing credentials.
		kgo.AlwaysRetryEOF(),
		kgo.WithLogger(kgo.BasicLogger(os.Stderr, kgo.LogLevelInfo, func() string {
			return time.Now().Format("15:04:05.000 ")
		})),
	}
	if len(os.Args) > 7 { // half of it for the broker to answer, half for the way
		half := time.Duration(number(os.Args[7])) * time.Millisecond / 2
		options = append(options, kgo.ProduceRequestTimeout(half), kgo.RequestTimeoutOverhead(half))
	}
	if acks == 1 { // an idempotent producer of franz-go must ask for all
		options = append(options, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		panic(err)
	}

	var printing sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	say := func(format string, words ...any) {
		printing.Lock()
		defer printing.Unlock()
		fmt.Fprintf(out, format+"\n", words...)
		out.Flush()
	}

	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(over)
	}()

	next := make([]int, partitions)
	send := func(count int) {
		partition := count % partitions
		n := next[partition]
		next[partition]++
		key := fmt.Sprintf("%s-%d", name, partition)
		value := fmt.Sprintf("%-100s", fmt.Sprintf("%s %d", key, n))
		record := &kgo.Record{Topic: topic, Partition: int32(partition), Key: []byte(key), Value: []byte(value)}
		client.Produce(context.Background(), record, func(record *kgo.Record, err error) {
			if err != nil {
				say("f %d %d %s", partition, n, strings.ReplaceAll(err.Error(), "\n", " "))
				return
			}
			say("a %d %d %d %.3f", partition, n, record.Offset, float64(time.Now().UnixMicro())/1000)
		})
	}

	start, sent := time.Now(), 0
	ticker := time.NewTicker(5 * time.Millisecond)
	for running := true; running; {
		select {
		case <-over:
			running = false
		case <-ticker.C:
			for owed := int(time.Since(start).Seconds() * float64(perSecond)); sent < owed; sent++ {
				send(sent)
			}
		}
	}
	if err := client.Flush(context.Background()); err != nil {
		panic(err)
	}
	for partition, count := range next {
		say("sent %d %d", partition, count)
	}
	client.Close()
}
