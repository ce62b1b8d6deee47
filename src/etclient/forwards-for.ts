import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { asksCompression } from './asks-compression.ts';
import type { ConnectCommand, LocalCommand, SessionFlags } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import type { ClientForwards } from './client-forwards.ts';
import { type ForwardPlan, planForwards } from './forward-plan.ts';

type Command = ConnectCommand | LocalCommand;

/** The forwards of a command; `undefined`, and nothing is loaded, where there are none. */
export async function forwardsFor(
  deps: ClientDeps,
  command: Command,
  config: SshConfig | undefined,
): Promise<ClientForwards | undefined> {
  const { kind } = command.work;
  // Those of ssh_config are for sessions that are worked in, and one of these may hold their ports.
  if (kind === 'bench' || kind === 'history') return undefined;
  // As in ssh, where -W has ClearAllForwardings with it: it runs as a ProxyCommand, beside the session whose forwards they are.
  if (kind === 'stdio') return undefined;
  const plan = planForwards(command.forwards, config, deps.environment, runsPrograms(command));
  if (plan.specs.length === 0 && plan.problems.length === 0 && kind !== 'none') return undefined;
  return await makeForwards(deps, command, config, plan);
}

/** For a client that was started without any, and is asked for one in its terminal. */
export async function lateForwards(
  deps: ClientDeps,
  command: Command,
  config: SshConfig | undefined,
): Promise<ClientForwards> {
  const plan = planForwards(command.forwards, config, deps.environment, false);
  return await makeForwards(deps, command, config, { ...plan, specs: [], problems: [] });
}

async function makeForwards(
  deps: ClientDeps,
  command: Command,
  config: SshConfig | undefined,
  plan: ForwardPlan,
): Promise<ClientForwards> {
  const [forwarding, { controlDirectories }] = await Promise.all([
    import('./client-forwards.ts'),
    import('./control-directory.ts'),
  ]);
  const { clock, random, logger, io, onExit } = deps;
  return new forwarding.ClientForwards(
    {
      clock,
      random,
      logger,
      say: io.say,
      isAlone: !runsPrograms(command) || !io.isInputTerminal,
      isQuiet: command.quiet,
      isCompressed: asksCompression(command, config),
      control: {
        directories: controlDirectories(deps.environment, deps.home),
        ownerId: deps.userId,
        pid: deps.pid,
      },
      onExit,
    },
    plan,
  );
}

function runsPrograms({ work }: SessionFlags): boolean {
  return !['none', 'stdio', 'bench', 'history'].includes(work.kind);
}
