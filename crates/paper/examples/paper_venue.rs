//! A paper venue with two made-up markets: `cargo run -p py-rt-paper --example paper_venue`.
//!
//! Prints one JSON line when it listens and runs until its standard input ends. Arguments: the
//! virtual start in nanoseconds (0 for the wall clock), and the speed.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use py_rt_paper::{serve, PaperConfig, PaperInstrument, Ready, StartClock, Synthetic};
use py_rt_types::UnixNanos;

fn market(price: &str, depth_qty: &str) -> Option<Synthetic> {
    Some(Synthetic {
        price: price.to_owned(),
        depth_qty: depth_qty.to_owned(),
        ..Synthetic::default()
    })
}

fn print_ready(ready: Ready) {
    let line = format!(
        "{{\"ready\": true, \"alpaca\": \"{}\", \"admin\": \"{}\", \"key\": \"{}\", \
         \"secret\": \"{}\"}}",
        ready.alpaca, ready.admin, ready.key, ready.secret
    );
    let mut out = std::io::stdout().lock();
    // Nobody to tell is no reason to stop.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let start: i64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let speed: f64 = arguments.next().map_or(Ok(1.0), |text| text.parse())?;
    let config = PaperConfig {
        instruments: vec![
            PaperInstrument {
                synthetic: market("190.00", "500"),
                ..PaperInstrument::equity("AAPL")
            },
            PaperInstrument {
                synthetic: market("60000.00", "2.5"),
                ..PaperInstrument::crypto("BTC/USD")
            },
        ],
        clock: match start {
            0 => StartClock::Wall,
            at => StartClock::At(UnixNanos(at)),
        },
        speed,
        seed: 7,
        ..PaperConfig::default()
    };
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        flag.store(true, Ordering::Release);
    });
    serve(config, print_ready, stop)?;
    Ok(())
}
