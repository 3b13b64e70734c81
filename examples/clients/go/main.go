// A client of py_rt.v1 in Go: a signal, a portfolio, a book, a stream, a refusal with its details.
//
//	py-rt serve --port 50051        # in another terminal
//	make test-clients               # builds and runs this against a server of its own
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"example.test/py_rt_client/pb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: client HOST:PORT")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		os.Exit(1)
	}
	fmt.Println("go client: all well")
}

func run(address string) error {
	connection, err := grpc.NewClient(
		address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	health := grpc_health_v1.NewHealthClient(connection)
	well, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil || well.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("health is %v: %w", well, err)
	}
	client := pb.NewTradingServiceClient(connection)
	steps := []func(context.Context, pb.TradingServiceClient) error{
		signal, portfolio, book, stream, backtest, refusal,
	}
	for _, step := range steps {
		if err := step(ctx, client); err != nil {
			return err
		}
	}
	return nil
}

func signal(ctx context.Context, client pb.TradingServiceClient) error {
	prices := []float64{10, 11, 10, 11, 10, 30}
	found, err := client.CalculateMeanReversion(ctx, &pb.CalculateMeanReversionRequest{
		Prices: prices, Lookback: proto.Uint32(6),
	})
	if err != nil {
		return err
	}
	fmt.Printf("signal %d at z-score %.3f\n", found.Signal, found.Zscore)
	if found.Signal != -1 || !found.EntrySignal {
		return fmt.Errorf("the signal is %v", found)
	}
	return nil
}

func portfolio(ctx context.Context, client pb.TradingServiceClient) error {
	table := &pb.Table{Names: []string{"A", "B"}}
	for t := 0.0; t < 100; t++ {
		table.Values = append(table.Values, 100*math.Exp(0.01*math.Sin(t)),
			50*math.Exp(0.03*math.Cos(1.3*t)))
	}
	found, err := client.OptimizePortfolio(ctx, &pb.OptimizePortfolioRequest{
		Prices: table, Method: "risk_parity",
	})
	if err != nil {
		return err
	}
	fmt.Printf("weights A %.3f B %.3f\n", found.Weights[0], found.Weights[1])
	if math.Abs(found.Weights[0]+found.Weights[1]-1) > 1e-9 {
		return fmt.Errorf("the weights are %v", found.Weights)
	}
	return nil
}

func book(ctx context.Context, client pb.TradingServiceClient) error {
	found, err := client.GetOrderBook(ctx, &pb.GetOrderBookRequest{
		Symbol: "BTCUSDT", Exchange: "binance", Depth: proto.Uint32(3),
	})
	if err != nil {
		return err
	}
	fmt.Printf("bid %.2f ask %.2f\n", found.Bids[0].Price, found.Asks[0].Price)
	if len(found.Bids) != 3 || found.Bids[0].Price >= found.Asks[0].Price {
		return fmt.Errorf("the book is %v", found)
	}
	return nil
}

func stream(ctx context.Context, client pb.TradingServiceClient) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ticks, err := client.StreamMarketData(ctx, &pb.StreamMarketDataRequest{
		Symbols: []string{"BTCUSDT"},
	})
	if err != nil {
		return err
	}
	for range 10 {
		tick, err := ticks.Recv()
		if err != nil {
			return err
		}
		if tick.Bid >= tick.Ask {
			return fmt.Errorf("the tick is %v", tick)
		}
	}
	return nil
}

func backtest(ctx context.Context, client pb.TradingServiceClient) error {
	updates, err := client.RunBacktest(ctx, &pb.RunBacktestRequest{
		Strategy: "sma_cross", Data: "us_minute", ParametersJson: `{"order_qty": 10}`,
	})
	if err != nil {
		return err
	}
	var result *pb.BacktestResult
	for {
		update, err := updates.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if told := update.GetResult(); told != nil {
			result = told
		}
	}
	if result == nil || len(result.OrderHash) != 32 {
		return fmt.Errorf("the result is %v", result)
	}
	fmt.Println("backtest", result.OrderHash)
	return nil
}

// A refusal says in its details which argument was wrong and what to do.
func refusal(ctx context.Context, client pb.TradingServiceClient) error {
	_, err := client.DetectRegime(ctx, &pb.DetectRegimeRequest{Returns: make([]float64, 50)})
	told := status.Convert(err)
	if told.Code() != codes.InvalidArgument || len(told.Details()) != 1 {
		return fmt.Errorf("constant returns give %v", err)
	}
	info, ok := told.Details()[0].(*errdetails.ErrorInfo)
	if !ok || info.Reason != "degenerate" || info.Metadata["field"] != "returns" {
		return fmt.Errorf("the details are %v", told.Details())
	}
	fmt.Printf("refused: %s (%s); %s\n", told.Message(), info.Reason, info.Metadata["remedy"])
	return nil
}
