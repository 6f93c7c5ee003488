// A client for the benchmark of the broker: keeps so many connections busy, or opens new ones, or reads long bodies.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"sync"
	"time"
)

func main() {
	proxy := flag.String("proxy", "", "")
	target := flag.String("target", "", "")
	roots := flag.String("roots", "", "")
	key := flag.String("key", "", "")
	connections := flag.Int("c", 1, "")
	seconds := flag.Float64("seconds", 1, "")
	fresh := flag.Bool("fresh", false, "")
	flag.Parse()
	pem, err := os.ReadFile(*roots)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := func() *http.Transport {
		made := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: *fresh, MaxIdleConnsPerHost: 1000,
			DisableCompression: true}
		if *proxy != "" {
			address, err := url.Parse(*proxy)
			if err != nil {
				panic(err)
			}
			made.Proxy = http.ProxyURL(address)
		}
		return made
	}
	shared := transport()
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	var mutex sync.Mutex
	var times []float64
	var bytes, failed int64
	var wait sync.WaitGroup
	began := time.Now()
	for n := 0; n < *connections; n++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			client := &http.Client{Transport: shared}
			var own []float64
			var read, bad int64
			for time.Now().Before(end) {
				request, _ := http.NewRequest("GET", *target, nil)
				request.Header.Set("Authorization", "Bearer "+*key)
				start := time.Now()
				answer, err := client.Do(request)
				if err != nil {
					bad++
					if bad > 50 {
						fmt.Fprintln(os.Stderr, err)
						break
					}
					continue
				}
				size, err := io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if err != nil || answer.StatusCode != 200 {
					bad++
				}
				read += size
				own = append(own, time.Since(start).Seconds()*1000)
			}
			mutex.Lock()
			times = append(times, own...)
			bytes += read
			failed += bad
			mutex.Unlock()
		}()
	}
	wait.Wait()
	took := time.Since(began).Seconds()
	sort.Float64s(times)
	at := func(share float64) float64 {
		if len(times) == 0 {
			return 0
		}
		return times[int(share*float64(len(times)-1))]
	}
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"rate": float64(len(times)) / took, "p50": at(0.5), "p99": at(0.99), "megabytes": float64(bytes) / 1e6 / took,
		"failed": float64(failed),
	})
}
