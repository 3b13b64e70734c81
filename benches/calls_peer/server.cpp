// The peer of `py-rt serve` in C++: the same signal, and a stream that costs nothing to make.
//
//   server PORT|unix:PATH     prints the address when it listens, ends with its standard input

#include <cmath>
#include <iostream>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "py_rt/v1/trading_service.grpc.pb.h"

namespace {

using grpc::ServerContext;
using grpc::Status;

class Peer final : public py_rt::v1::TradingService::Service {
    Status CalculateMeanReversion(ServerContext*,
                                  const py_rt::v1::CalculateMeanReversionRequest* request,
                                  py_rt::v1::CalculateMeanReversionResponse* response) override {
        const auto& prices = request->prices();
        const int last = prices.size() - 1, window = request->lookback();
        double mean = 0.0, squares = 0.0;
        for (int at = last - window + 1; at <= last; ++at) mean += prices[at];
        mean /= window;
        for (int at = last - window + 1; at <= last; ++at) {
            squares += (prices[at] - mean) * (prices[at] - mean);
        }
        const double deviation = std::sqrt(squares / (window - 1));
        const double score = (prices[last] - mean) / deviation;
        response->set_zscore(score);
        response->set_signal(score > 2.0 ? -1 : score < -2.0 ? 1 : 0);
        response->set_entry_signal(std::abs(score) > 2.0);
        response->set_exit_signal(std::abs(score) < 0.5);
        response->set_mean(mean);
        response->set_std(deviation);
        return Status::OK;
    }

    Status StreamMarketData(
        ServerContext* context, const py_rt::v1::StreamMarketDataRequest* request,
        grpc::ServerWriter<py_rt::v1::StreamMarketDataResponse>* writer) override {
        py_rt::v1::StreamMarketDataResponse tick;
        tick.set_symbol("BTCUSDT");
        tick.set_bid(61659.7);
        tick.set_ask(61659.8);
        tick.set_mid(61659.75);
        for (long at = 0; !context->IsCancelled(); ++at) {
            tick.set_timestamp(1723075200000000000L + at);
            tick.set_volume(0.001 * at);
            if (!writer->Write(tick)) break;
        }
        return Status::OK;
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::string asked = argv[1];
    const bool socket = asked.rfind("unix:", 0) == 0;
    const std::string address = socket ? asked : "127.0.0.1:" + asked;
    Peer peer;
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&peer);
    const auto server = builder.BuildAndStart();
    if (!server) return 1;
    std::cout << (socket ? address : "127.0.0.1:" + std::to_string(port)) << std::endl;
    std::cin.get();
    server->Shutdown(std::chrono::system_clock::now());
    return 0;
}
