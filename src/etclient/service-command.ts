import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { serviceArguments } from './cli/service-arguments.ts';
import type { InstallCommand, ServiceCommand } from './cli/service-words.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { formatServices, type ServiceReport } from './format-services.ts';
import { type ManagerDeps, type ServiceManager, serviceManager } from './service-manager.ts';

export interface ServiceDeps extends ManagerDeps {
  /** Node, and `et` itself, by their absolute paths. */
  readonly program: readonly [string, string];
  /** To standard output; settles once it is there. */
  readonly write: (text: string) => Promise<void>;
}

/** `et service install`, `ls` and `rm`. Rejects with ET_ERR_USAGE for what cannot be a service. */
export async function serviceCommand(command: ServiceCommand, deps: ServiceDeps): Promise<WorkEnd> {
  const manager = serviceManager(deps);
  switch (command.verb) {
    case 'install':
      return await install(manager, command, deps);
    case 'ls':
      return await list(manager, command.json, deps.write);
    case 'rm':
      return await remove(manager, command.name);
  }
}

async function install(
  manager: ServiceManager,
  { name, replace, args }: InstallCommand,
  { program, write }: ServiceDeps,
): Promise<WorkEnd> {
  const text = manager.format({ name, words: [...program, ...serviceArguments(args)] });
  const [file] = manager.filesOf(name);
  const isThere = await exists(file);
  if (isThere && !replace) {
    const message = `there is a service ${name} already (${file})`;
    return failure(message, `choose another name, or write et service install --replace ${name}`);
  }
  await writeWhole(file, text);
  try {
    await manager.start(name, isThere);
  } catch (error) {
    const message = `${file} is written, but the service is not started: ${messageOf(error)}`;
    return failure(message, `when that is mended: ${manager.startLine(name)}`);
  }
  const lines = [`${name} is started: ${file}`, ...(await manager.hints(name))];
  await write(`${lines.join('\n')}\n`);
  return { status: 0 };
}

async function list(
  manager: ServiceManager,
  isJson: boolean,
  write: ServiceDeps['write'],
): Promise<WorkEnd> {
  const names = await namesOf(manager);
  const { states, problem } = await statesOf(manager, names);
  const services = await Promise.all(
    names.map(async (name, at): Promise<ServiceReport> => {
      const [file] = manager.filesOf(name);
      const command = manager.wordsIn(await textOf(file)) ?? [];
      return { name, state: states[at] ?? 'unknown', command, file };
    }),
  );
  if (isJson) await write(`${JSON.stringify({ services })}\n`);
  else if (services.length > 0) await write(formatServices(services));
  else return { status: 0, message: 'there is no service; et service install makes one' };
  return { status: 0, message: problem };
}

/** A service that is known to exist is listed even if nobody can say what it does. */
async function statesOf(
  manager: ServiceManager,
  names: readonly string[],
): Promise<{ states: readonly string[]; problem?: string }> {
  if (names.length === 0) return { states: [] };
  try {
    return { states: await manager.states(names) };
  } catch (error) {
    return { states: [], problem: messageOf(error) };
  }
}

async function remove(manager: ServiceManager, name: string): Promise<WorkEnd> {
  const files = manager.filesOf(name);
  if (!(await exists(files[0]))) {
    return failure(`there is no service ${name}`, 'et service ls lists all');
  }
  let problem: string | undefined;
  const attempt = async (step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      problem ??= messageOf(error);
    }
  };
  await attempt(() => manager.stop(name));
  // Where there is no manager now, it shall find nothing when there is one.
  for (const file of files) await rm(file, { force: true });
  await attempt(() => manager.forget(name));
  if (problem === undefined) return { status: 0 };
  return failure(`${files[0]} is deleted, but the service may still run: ${problem}`);
}

async function namesOf(manager: ServiceManager): Promise<readonly string[]> {
  try {
    const files = await readdir(manager.directory);
    return files.flatMap((file) => manager.nameOf(file) ?? []).sort();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A link that leads nowhere has none. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** All of it or nothing, and for everybody to read, as such files are, whatever the umask is. */
async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  const beside = `${file}.part`;
  try {
    await writeFile(beside, text);
    await chmod(beside, 0o644);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** A link that leads nowhere is there too: systemd's `mask` makes such. */
async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function failure(message: string, advice?: string): WorkEnd {
  return { status: FAILURE_STATUS, message, advice };
}
