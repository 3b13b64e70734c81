// A client of py_rt.v1 in C++: a signal, a book, a stream, a refusal; and how fast a call is.
//
//   py-rt serve --port 50051        # in another terminal
//   make test-clients               # builds and runs this against a server of its own

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>

#include "py_rt/v1/trading_service.grpc.pb.h"

namespace {

using py_rt::v1::TradingService;
using Stub = TradingService::Stub;

void check(bool good, const std::string& what) {
    if (!good) throw std::runtime_error(what);
}

void set_deadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

py_rt::v1::CalculateMeanReversionResponse signal(Stub& stub) {
    py_rt::v1::CalculateMeanReversionRequest request;
    for (double price : {10.0, 11.0, 10.0, 11.0, 10.0, 30.0}) request.add_prices(price);
    request.set_lookback(6);
    py_rt::v1::CalculateMeanReversionResponse response;
    grpc::ClientContext context;
    set_deadline(context);
    const auto status = stub.CalculateMeanReversion(&context, request, &response);
    check(status.ok(), status.error_message());
    return response;
}

void book(Stub& stub) {
    py_rt::v1::GetOrderBookRequest request;
    request.set_symbol("BTCUSDT");
    request.set_depth(3);
    py_rt::v1::GetOrderBookResponse response;
    grpc::ClientContext context;
    set_deadline(context);
    const auto status = stub.GetOrderBook(&context, request, &response);
    check(status.ok(), status.error_message());
    check(response.bids(0).price() < response.asks(0).price(), "the book is crossed");
    std::cout << "bid " << response.bids(0).price() << " ask " << response.asks(0).price() << '\n';
}

void stream(Stub& stub) {
    py_rt::v1::StreamMarketDataRequest request;
    request.add_symbols("BTCUSDT");
    grpc::ClientContext context;
    set_deadline(context);
    auto reader = stub.StreamMarketData(&context, request);
    py_rt::v1::StreamMarketDataResponse tick;
    for (int count = 0; count < 10; ++count) {
        check(reader->Read(&tick), "the stream ended");
        check(tick.bid() < tick.ask(), "the tick is crossed");
    }
    context.TryCancel();
    while (reader->Read(&tick)) {
    }
    reader->Finish();
}

void refusal(Stub& stub) {
    py_rt::v1::DetectRegimeRequest request;
    for (int row = 0; row < 50; ++row) request.add_returns(0.0);
    py_rt::v1::DetectRegimeResponse response;
    grpc::ClientContext context;
    set_deadline(context);
    const auto status = stub.DetectRegime(&context, request, &response);
    check(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT, "constant returns are taken");
    check(!status.error_details().empty(), "the refusal has no details");
    std::cout << "refused: " << status.error_message() << '\n';
}

// The middle of many calls, one after the other.
double micros_per_call(Stub& stub) {
    constexpr int calls = 2000;
    const auto begin = std::chrono::steady_clock::now();
    for (int count = 0; count < calls; ++count) signal(stub);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    return took.count() / calls;
}

// How many messages of the market stream arrive in a second.
double messages_per_second(Stub& stub) {
    py_rt::v1::StreamMarketDataRequest request;
    grpc::ClientContext context;
    set_deadline(context);
    auto reader = stub.StreamMarketData(&context, request);
    py_rt::v1::StreamMarketDataResponse tick;
    check(reader->Read(&tick), "the stream ended");
    const auto begin = std::chrono::steady_clock::now();
    std::chrono::duration<double> took{};
    long count = 0;
    while (took.count() < 3.0 && reader->Read(&tick)) {
        ++count;
        took = std::chrono::steady_clock::now() - begin;
    }
    context.TryCancel();
    while (reader->Read(&tick)) {
    }
    reader->Finish();
    return count / took.count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::cerr << "usage: client HOST:PORT [bench]\n";
        return 2;
    }
    try {
        const auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
        const auto stub = TradingService::NewStub(channel);
        if (argc == 3) {
            std::cout << "{\"us\": " << micros_per_call(*stub)
                      << ", \"messages_per_s\": " << messages_per_second(*stub) << "}\n";
            return 0;
        }
        const auto found = signal(*stub);
        check(found.signal() == -1 && found.entry_signal(), "the signal is wrong");
        book(*stub);
        stream(*stub);
        refusal(*stub);
    } catch (const std::exception& error) {
        std::cerr << "failed: " << error.what() << '\n';
        return 1;
    }
    std::cout << "C++ client: all well\n";
    return 0;
}
