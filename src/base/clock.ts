/** A timer that has not fired yet. Cancelling one that has fired, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Monotonic time. It never jumps, and says nothing about the time of day.
 * The simulator and the tests hand in a virtual one.
 */
export interface Clock {
  /** Milliseconds since an arbitrary moment, with fractions. */
  now(): number;
  /** Runs `callback` once, `delayMs` from now; delays beyond 2^31-1 ms are chained. */
  schedule(delayMs: number, callback: () => void): Timer;
  /** Runs `callback` as soon as the current callback is through, before anything else happens. */
  defer(callback: () => void): void;
  /** Runs `callback` once waiting input and output have had their turn, without a wait. */
  afterIo(callback: () => void): void;
}

/** The time of day, only to notice that the machine has slept. */
export interface WallClock {
  /** Milliseconds since the epoch; may jump either way. */
  now(): number;
}

/** Node clamps a longer timeout to 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The process's monotonic clock. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  schedule(delayMs: number, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(Math.max(leftMs, 0), MAX_TIMEOUT_MS);
      handle = setTimeout(() => {
        if (leftMs > MAX_TIMEOUT_MS) arm(leftMs - MAX_TIMEOUT_MS);
        else callback();
      }, stepMs);
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  }

  defer(callback: () => void): void {
    queueMicrotask(callback);
  }

  afterIo(callback: () => void): void {
    setImmediate(callback);
  }
}

export const systemWallClock: WallClock = { now: () => Date.now() };
