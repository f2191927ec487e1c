//! The cost of rendering and compressing a response: 300 sessions with 12 teams, 2.2 MB.

use std::hint::black_box;
use std::io::Write;

use agentscope_bench::micro::{large_list, text};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

type Compress = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn zstd(level: i32) -> (String, Compress) {
    let compress = move |text: &[u8]| zstd::bulk::compress(text, level).unwrap_or_default();
    (format!("zstd {level}"), Box::new(compress))
}

fn brotli(quality: u32) -> (String, Compress) {
    let compress = move |text: &[u8]| {
        let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, quality, 22);
        let _ = writer.write_all(text);
        writer.into_inner()
    };
    (format!("br {quality}"), Box::new(compress))
}

fn gzip(level: u32) -> (String, Compress) {
    let compress = move |text: &[u8]| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        let _ = writer.write_all(text);
        writer.finish().unwrap_or_default()
    };
    (format!("gzip {level}"), Box::new(compress))
}

fn responses(criterion: &mut Criterion) {
    let Ok(list) = large_list() else { panic!("the data cannot be read") };
    let Ok(whole) = text(list.clone()) else { panic!("a state is damaged") };
    let mut group = criterion.benchmark_group("response");
    group.sample_size(30).throughput(Throughput::Bytes(whole.len() as u64));
    group.bench_function("put together", |bencher| {
        bencher.iter_batched(|| list.clone(), |list| text(list).map(|text| text.len()), BatchSize::LargeInput);
    });
    group.bench_function("escape", |bencher| bencher.iter(|| serde_json::to_vec(black_box(&whole))));
    let levels = [
        zstd(-5),
        zstd(-3),
        zstd(-1),
        zstd(1),
        zstd(2),
        zstd(3),
        brotli(0),
        brotli(1),
        brotli(2),
        brotli(3),
        brotli(4),
        gzip(1),
        gzip(2),
        gzip(3),
        gzip(6),
    ];
    for (name, compress) in levels {
        let size = compress(whole.as_bytes()).len();
        println!("{name}: {size} bytes, {:.1} % of {}", 100.0 * size as f64 / whole.len() as f64, whole.len());
        group.bench_function(&name, |bencher| bencher.iter(|| compress(black_box(whole.as_bytes()))));
    }
    group.finish();
}

criterion_group!(benches, responses);
criterion_main!(benches);
