//! Families of metrics with their labels, in the text format of OpenMetrics by the library.

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;

/// Writes one family after the other; names have no prefix, unit and `_total` here.
#[derive(Debug)]
pub(super) struct Families<'a> {
    encoder: DescriptorEncoder<'a>,
}

/// Labels of one series.
pub(super) type Labels = Vec<(&'static str, String)>;

impl<'a> Families<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Families { encoder }
    }

    /// Numbers that only grow.
    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        each(&mut family, rows, |metric, count| metric.encode_counter::<NoLabelSet, _, u64>(&count, None))
    }

    /// Numbers that go up and down.
    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        rows: impl IntoIterator<Item = (Labels, f64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        each(&mut family, rows, |metric, value| metric.encode_gauge(&value))
    }

    /// One histogram: its sum, and how many lie in each bucket, by the bucket's bound.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        unit: &Unit,
        sum: f64,
        buckets: &[(f64, u64)],
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, Some(unit), MetricType::Histogram)?;
        let count = buckets.iter().map(|(_, count)| count).sum();
        metric.encode_histogram::<NoLabelSet>(sum, count, buckets, None)
    }
}

fn each<T>(
    family: &mut MetricEncoder<'_>,
    rows: impl IntoIterator<Item = (Labels, T)>,
    mut write: impl FnMut(&mut MetricEncoder<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (labels, value) in rows {
        if labels.is_empty() {
            write(family, value)?;
            continue;
        }
        let labels: Vec<(&str, String)> = labels.iter().map(|(key, value)| (*key, escaped(value))).collect();
        write(&mut family.encode_family(&labels)?, value)?;
    }
    Ok(())
}

/// The library writes values as they are; the format wants these three escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
