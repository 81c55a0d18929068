//! How well one upstream answers: its round-trip time, whether it is up, when it is tried again.

use std::time::{Duration, Instant, SystemTime};

/// What is known of how an upstream answers.
///
/// A question that is not answered in time, while nothing else came from there either, makes an upstream *suspect*: no
/// further client waits for it as long as another upstream is up, and a probe leaves at once. It is *down* when the probe
/// is not answered either; probes go on with growing pauses. Any answer makes it *up*.
#[derive(Debug, Clone)]
pub(super) struct Health {
    standing: Standing,
    pub(super) since: SystemTime,
    /// Microseconds, smoothed (RFC 6298 section 2); 0 before the first answer.
    srtt: f32,
    deviation: f32,
    /// When something came from there last.
    answered: Option<Instant>,
    /// Clients were given what had ended because nothing came from there, and nothing has since.
    quiet: bool,
    /// How much of what it answers is no use, from 0 to 255.
    bad: u8,
    failing: bool,
    /// How long to wait until the next probe.
    pause: Duration,
    /// When to probe next; none when it is up.
    pub(super) probe_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Up,
    Suspect,
    Down,
}

/// What an event has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// Probe now.
    Suspected,
    /// It is down: worth a line in the log.
    WentDown,
    /// It was down and is up.
    CameUp,
}

/// No answer is waited for less long than this before somebody else is asked: a name that the upstream must look up
/// itself takes longer than one that it knows.
const SHORTEST: Duration = Duration::from_millis(250);

/// Pauses between probes of an upstream that is down.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Of 255: about 16 useless answers in a row.
const FAILING: u8 = 224;
/// And about as many good ones among the bad.
const MENDED: u8 = 128;

impl Health {
    pub(super) fn new() -> Self {
        Health {
            standing: Standing::Up,
            since: SystemTime::now(),
            srtt: 0.0,
            deviation: 0.0,
            answered: None,
            quiet: false,
            bad: 0,
            failing: false,
            pause: FIRST_PAUSE,
            probe_at: None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.standing == Standing::Up
    }

    pub(super) fn is_down(&self) -> bool {
        self.standing == Standing::Down
    }

    /// True when nothing has come from there since then.
    pub(super) fn is_silent_since(&self, moment: Instant) -> bool {
        self.answered.is_none_or(|answered| answered <= moment)
    }

    /// Nobody need wait for it who can have something else, until something comes from there.
    pub(super) fn hush(&mut self) {
        self.quiet = true;
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Nearly all of its answers are no use.
    pub(super) fn is_failing(&self) -> bool {
        self.failing
    }

    pub(super) fn srtt(&self) -> Option<Duration> {
        (self.srtt > 0.0).then(|| Duration::from_micros(self.srtt as u64))
    }

    /// How long to wait for an answer at most; `longest` is what the settings say.
    pub(super) fn patience(&self, longest: Duration) -> Duration {
        if self.srtt == 0.0 {
            return longest;
        }
        let micros = self.srtt + 4.0 * self.deviation;
        Duration::from_micros(micros as u64).clamp(SHORTEST.min(longest), longest)
    }

    /// A message came from there that fits what was asked at `asked`.
    pub(super) fn answered(&mut self, asked: Instant, now: Instant) -> Change {
        let sample = now.saturating_duration_since(asked).as_micros().max(1) as f32;
        if self.srtt == 0.0 {
            (self.srtt, self.deviation) = (sample, sample / 2.0);
        } else {
            self.deviation += ((sample - self.srtt).abs() - self.deviation) / 4.0;
            self.srtt += (sample - self.srtt) / 8.0;
        }
        self.answered = Some(now);
        self.quiet = false;
        self.pause = FIRST_PAUSE;
        self.probe_at = None;
        let before = self.standing;
        self.standing = Standing::Up;
        if before == Standing::Down {
            self.since = SystemTime::now();
            return Change::CameUp;
        }
        Change::None
    }

    /// Whether what came was any use to the one who asked.
    pub(super) fn judge(&mut self, good: bool) {
        self.bad = if good { self.bad - self.bad.div_ceil(8) } else { self.bad + (u8::MAX - self.bad).div_ceil(8) };
        if self.failing && self.bad < MENDED || !self.failing && self.bad > FAILING {
            self.failing = !self.failing;
            self.since = SystemTime::now();
        }
    }

    /// What was asked at `asked` was not answered in time. An upstream that has answered something else since is slow with
    /// this one, and not suspect.
    pub(super) fn timed_out(&mut self, asked: Instant, now: Instant) -> Change {
        if self.standing != Standing::Up || self.answered.is_some_and(|answered| answered > asked) {
            return Change::None;
        }
        self.standing = Standing::Suspect;
        self.probe_at = Some(now);
        Change::Suspected
    }

    /// There is nobody: the port is closed, the network unreachable, the connection refused.
    pub(super) fn refused(&mut self, now: Instant) -> Change {
        match self.standing {
            Standing::Down => Change::None,
            Standing::Up | Standing::Suspect => self.go_down(now),
        }
    }

    /// A probe was not answered.
    pub(super) fn probe_failed(&mut self, now: Instant) -> Change {
        match self.standing {
            Standing::Up => Change::None,
            Standing::Suspect => self.go_down(now),
            Standing::Down => {
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                self.probe_at = Some(now + self.pause);
                Change::None
            }
        }
    }

    /// Somebody would like to know: the next probe does not wait long any more.
    pub(super) fn wanted(&mut self, now: Instant) {
        const SOON: Duration = Duration::from_secs(1);
        if let Some(at) = &mut self.probe_at
            && *at > now + SOON
        {
            *at = now + SOON;
        }
    }

    fn go_down(&mut self, now: Instant) -> Change {
        self.standing = Standing::Down;
        self.since = SystemTime::now();
        self.pause = FIRST_PAUSE;
        self.probe_at = Some(now + self.pause);
        Change::WentDown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_millis(800);

    /// One question that nothing followed makes an upstream suspect, a probe without answer makes it down, an answer up.
    #[test]
    fn silence_is_noticed_and_forgiven() {
        let start = Instant::now();
        let at = |milliseconds: u64| start + Duration::from_millis(milliseconds);
        let mut health = Health::new();
        health.answered(at(0), at(10));
        assert_eq!(health.timed_out(at(5), at(900)), Change::None, "it answered something since");
        assert_eq!(health.timed_out(at(20), at(900)), Change::Suspected);
        assert_eq!((health.is_up(), health.is_down(), health.probe_at), (false, false, Some(at(900))));
        assert_eq!(health.timed_out(at(21), at(901)), Change::None, "once is enough");
        assert_eq!(health.probe_failed(at(1200)), Change::WentDown);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let next = health.probe_at.unwrap();
            health.probe_failed(next);
            pauses.push((health.probe_at.unwrap() - next).as_millis());
        }
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000], "pauses grow");
        let now = at(60_000);
        health.wanted(now);
        assert!(health.probe_at.unwrap() <= now + Duration::from_secs(1));
        assert_eq!(health.answered(now, now), Change::CameUp);
        assert_eq!((health.is_up(), health.probe_at), (true, None));
        assert_eq!(health.refused(now), Change::WentDown, "a closed port leaves no doubt");
    }

    /// An upstream that is asked for the first time has all the time there is; later it is known how long it takes.
    #[test]
    fn patience_follows_the_round_trip_time() {
        let start = Instant::now();
        let mut health = Health::new();
        assert_eq!(health.patience(LONGEST), LONGEST);
        for _ in 0..50 {
            health.answered(start, start + Duration::from_millis(20));
        }
        assert_eq!(health.patience(LONGEST), SHORTEST);
        for _ in 0..50 {
            health.answered(start, start + Duration::from_millis(400));
        }
        let patience = health.patience(LONGEST);
        assert!(patience > Duration::from_millis(350) && patience <= LONGEST, "{patience:?}");
        assert_eq!(health.patience(Duration::from_millis(100)), Duration::from_millis(100), "the settings win");
    }

    /// Only an upstream whose answers are nearly all useless is passed over, and not for ever.
    #[test]
    fn useless_answers_add_up() {
        let mut health = Health::new();
        (0..12).for_each(|_| health.judge(false));
        assert!(!health.is_failing());
        (0..12).for_each(|_| health.judge(false));
        assert!(health.is_failing());
        (0..3).for_each(|_| health.judge(true));
        assert!(health.is_failing());
        (0..6).for_each(|_| health.judge(true));
        assert!(!health.is_failing());
        (0..1000).for_each(|turn| health.judge(turn % 4 == 0));
        assert!(!health.is_failing(), "one in four is of use");
    }
}
