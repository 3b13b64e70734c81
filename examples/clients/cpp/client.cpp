// A client of py_rt.v1 in C++: a signal, a book, a stream, a refusal; and how fast a call is.
//
//   py-rt serve --port 50051        # in another terminal
//   make test-clients               # builds and runs this against a server of its own

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

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
    constexpr int unmeasured = 500, calls = 4000;
    std::vector<double> took;
    for (int count = 0; count < unmeasured + calls; ++count) {
        const auto begin = std::chrono::steady_clock::now();
        signal(stub);
        const std::chrono::duration<double, std::micro> one =
            std::chrono::steady_clock::now() - begin;
        if (count >= unmeasured) took.push_back(one.count());
    }
    std::nth_element(took.begin(), took.begin() + calls / 2, took.end());
    return took[calls / 2];
}

// How many changes of the market arrive in a second, so many a message; 0: one.
double ticks_per_second(Stub& stub, int batch) {
    py_rt::v1::StreamMarketDataRequest request;
    request.set_batch(batch);
    grpc::ClientContext context;
    set_deadline(context);
    auto reader = stub.StreamMarketData(&context, request);
    py_rt::v1::StreamMarketDataResponse message;
    check(reader->Read(&message), "the stream ended");
    const auto begin = std::chrono::steady_clock::now();
    std::chrono::duration<double> took{};
    long count = 0;
    while (took.count() < 2.0 && reader->Read(&message)) {
        count += batch > 0 ? message.ticks().bid_size() : 1;
        took = std::chrono::steady_clock::now() - begin;
    }
    context.TryCancel();
    while (reader->Read(&message)) {
    }
    reader->Finish();
    return count / took.count();
}

// Over a unix socket the name of the server would be the path, which HTTP/2 does not take.
std::shared_ptr<grpc::Channel> connect(const std::string& address) {
    grpc::ChannelArguments arguments;
    if (address.rfind("unix:", 0) == 0) {
        arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    }
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string asked = argc > 2 ? argv[2] : "";
    if (argc < 2 || argc > 4 || (argc > 2 && asked != "calls" && asked != "stream")) {
        std::cerr << "usage: client HOST:PORT|unix:PATH [calls | stream [BATCH]]\n";
        return 2;
    }
    try {
        const auto stub = TradingService::NewStub(connect(argv[1]));
        if (asked == "calls") {
            std::cout << micros_per_call(*stub) << '\n';
            return 0;
        }
        if (asked == "stream") {
            const int batch = argc > 3 ? std::atoi(argv[3]) : 0;
            std::cout << std::fixed << ticks_per_second(*stub, batch) << '\n';
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
