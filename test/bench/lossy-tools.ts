import { toolPath } from '../support/requirements.ts';
import type { BenchPlace } from './bench-place.ts';

/** What is compared: a program with its flags. */
export interface LossyTool {
  readonly name: string;
  readonly program: 'et' | 'mosh' | 'ssh';
  readonly flags: readonly string[];
}

/** Over the best road that answers. */
const ET: LossyTool = { name: 'et', program: 'et', flags: [] };
const ET_TCP: LossyTool = { name: 'et --via tcp', program: 'et', flags: ['--via', 'tcp'] };
/** What is shown is the echo, and not a guess at it. */
const MOSH: LossyTool = { name: 'mosh', program: 'mosh', flags: ['--predict=never'] };
const SSH: LossyTool = { name: 'ssh', program: 'ssh', flags: [] };

/** Datagrams that all have one length; no column of its own. */
export const PADDED_ET: ForwardingTool = {
  name: 'et --via udp(pad=512)',
  program: 'et',
  flags: ['--via', 'udp', '--pad', '512'],
};

/** The columns, in their order. */
export const LOSSY_TOOLS: readonly LossyTool[] = [ET, ET_TCP, MOSH, SSH];

/** The tools that this machine has. */
export function presentTools(): readonly LossyTool[] {
  return LOSSY_TOOLS.filter(({ program }) => program !== 'mosh' || toolPath('mosh') !== undefined);
}

/** A tool that can forward, as mosh cannot. */
export type ForwardingTool = LossyTool & { readonly program: 'et' | 'ssh' };

export function canForward(tool: LossyTool): tool is ForwardingTool {
  return tool.program !== 'mosh';
}

/** The command line of a session on a terminal: with a shell's command, or else a login shell. */
export function sessionLine(place: BenchPlace, tool: LossyTool, command?: string): string[] {
  const { program, flags } = tool;
  if (program !== 'mosh')
    return place.commandLine(
      program,
      ['-tt', ...flags],
      ...(command === undefined ? [] : [command]),
    );
  const ssh = `--ssh=ssh ${place.host.to.join(' ')}`;
  const words = command === undefined ? [] : ['--', 'sh', '-c', command];
  return place.commandOn('client', ['mosh', ...flags, ssh, 'testhost', ...words]);
}
