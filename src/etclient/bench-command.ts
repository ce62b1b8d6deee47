import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { REASON } from '../wire/messages.ts';
import type { PhaseResult } from './bench-phase.ts';
import { benchFooting, benchHeading, benchJson, benchRow } from './bench-report.ts';
import { BenchService, type LinkState, type PhaseName } from './bench-service.ts';
import type { BenchWork } from './cli/client-command.ts';
import type { ClientSession } from './client-session.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { OutputSink } from './output-sink.ts';

export interface BenchCommandDeps {
  readonly clock: Clock;
  readonly stdoutFd: number;
  /** One line for the user. */
  readonly say: (line: string) => void;
  readonly isQuiet: boolean;
  readonly onOver: (end: WorkEnd) => void;
}

/** `et bench`: measures the session, and prints what it has found: each line once it is known, or JSON at the end. */
export function benchCommand(
  client: ClientSession,
  { host, seconds, json }: BenchWork,
  deps: BenchCommandDeps,
): BenchService {
  const { clock, onOver } = deps;
  const say = (text: string): void => {
    if (!deps.isQuiet) deps.say(`et: ${text}`);
  };
  const phases: Partial<Record<PhaseName, PhaseResult>> = {};
  let begin: LinkState | undefined;
  let isMeasured = false;
  const output: OutputSink = new OutputSink(deps.stdoutFd, clock, {
    onWritten: () => undefined,
    onBroken: (error) => onOver(brokenOutput(error)),
    onIdle: () => finishIfWritten(),
  });
  const print = (lines: readonly string[]): void => output.write(utf8(`${lines.join('\n')}\n`));
  const finishIfWritten = (): void => {
    if (isMeasured && output.waitingBytes === 0) onOver({ status: 0 });
  };
  return new BenchService(
    { clock, mux: client.mux, link: () => linkOf(client), phaseMs: seconds * 1000 },
    {
      onBegin: (link) => {
        begin = link;
        if (!json) print(benchHeading(host, link));
      },
      onPhase: (name, result, link) => {
        phases[name] = result;
        // Before the first echoes it is hardly known.
        if (name === 'idle' && link?.label === begin?.label) begin = link;
        if (!json) print([benchRow(name, result)]);
      },
      onOver: (end, outageMs) => {
        const report = { host, begin, phases, end, outageMs };
        print(json ? [JSON.stringify(benchJson(report))] : benchFooting(report));
        isMeasured = true;
        finishIfWritten();
      },
      onOutage: () => say('the link is lost; measuring goes on, and the time counts'),
      onRecovered: (outageMs, link) =>
        say(`over ${link?.label ?? 'a link'} again after ${(outageMs / 1000).toFixed(1)} s`),
      onFailed: (error, { code, text }) =>
        onOver(
          code === REASON.unknownKind
            ? { ...TOO_OLD, status: FAILURE_STATUS }
            : { status: FAILURE_STATUS, message: `cannot measure: ${text || error.message}` },
        ),
    },
  );
}

const TOO_OLD = {
  message: 'the etserver on the host is older than et bench',
  advice: 'update everterm there',
};

function brokenOutput(error: unknown): WorkEnd {
  // Nobody reads: that needs no words.
  if (systemCodeOf(error) === 'EPIPE') return { status: FAILURE_STATUS };
  return { status: FAILURE_STATUS, message: `standard output: ${messageOf(error)}` };
}

function linkOf({ session }: ClientSession): LinkState | undefined {
  const link = session.links.best;
  return link && { label: link.secure.label, rttMs: link.rtt.smoothedMs };
}
