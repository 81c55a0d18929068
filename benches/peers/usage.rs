//! What a process and its children take: CPU and memory, out of `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// A process and all that descend from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tree {
    pub(crate) root: u32,
}

/// Kernel ticks in a second; Linux tells user space 100 on every platform.
const TICKS: u64 = 100;

impl Tree {
    /// The root and its descendants.
    pub(crate) fn processes(self) -> Vec<u32> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            if let Some(parent) = stat(&format!("/proc/{pid}/stat")).and_then(|fields| fields.get(1)?.parse().ok()) {
                children.entry(parent).or_default().push(pid);
            }
        }
        let mut all = vec![self.root];
        let mut at = 0;
        while let Some(pid) = all.get(at) {
            all.extend(children.remove(pid).unwrap_or_default());
            at += 1;
        }
        all
    }

    /// CPU time of every thread: nanoseconds from `schedstat` where the kernel keeps them, else ticks of 10 ms.
    pub(crate) fn cpu(self) -> Duration {
        self.processes().into_iter().map(cpu_of).sum()
    }

    /// Resident and proportional memory in octets, added over all processes.
    pub(crate) fn memory(self) -> Memory {
        let mut all = Memory::default();
        for pid in self.processes() {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let field = |name: &str| -> u64 {
                let line = text.lines().find(|line| line.starts_with(name));
                line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 1024
            };
            all.resident += field("Rss:");
            all.proportional += field("Pss:");
        }
        all
    }
}

/// Octets.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Pages in memory, shared ones counted in each process.
    pub(crate) resident: u64,
    /// The same with each shared page counted once in all.
    pub(crate) proportional: u64,
}

fn cpu_of(pid: u32) -> Duration {
    let threads: Vec<_> = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().collect();
    let fine: u64 = threads
        .iter()
        .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    if fine > 0 {
        return Duration::from_nanos(fine);
    }
    let fields = stat(&format!("/proc/{pid}/stat")).unwrap_or_default();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((number(11) + number(12)) * 1000 / TICKS)
}

/// The fields of a stat file behind the name in parentheses: state, parent, and so on.
fn stat(path: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(path).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
