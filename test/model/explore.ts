/** One step that can happen in a state. `problem` says what is wrong with it, if anything is. */
export interface Action<State> {
  readonly name: string;
  readonly next: State;
  readonly problem?: string | undefined;
}

/** Everything that can happen, whoever does it: the ends, the network, an attacker. */
export interface Model<State> {
  readonly initial: State;
  /** States with equal keys are the same. */
  keyOf(state: State): string;
  actionsOf(state: State): Iterable<Action<State>>;
  /** What is wrong with `state`, if anything is. */
  problemOf(state: State): string | undefined;
  /** Where everything is to end well: it must be reachable from every state. `undefined`: nothing is asked. */
  isGoal?(state: State): boolean;
}

export interface Finding {
  readonly problem: string;
  /** The shortest way to it. */
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly stateCount: number;
  readonly finding: Finding | undefined;
}

interface Node<State> {
  readonly state: State;
  readonly cameFrom: number;
  readonly by: string;
  readonly successors: number[];
}

/** Visits every reachable state, breadth first. Throws when there are more than `maxStates`: the model's bounds are too wide then. */
export function explore<State>(model: Model<State>, maxStates: number): Exploration {
  const nodes: Node<State>[] = [{ state: model.initial, cameFrom: -1, by: '', successors: [] }];
  const indexOf = new Map([[model.keyOf(model.initial), 0]]);
  for (let at = 0; at < nodes.length; at += 1) {
    const node = nodes[at] as Node<State>;
    const finding = visit(model, nodes, indexOf, at, node);
    if (finding !== undefined) return { stateCount: nodes.length, finding };
    if (nodes.length > maxStates) throw new Error(`more than ${maxStates} states`);
  }
  return { stateCount: nodes.length, finding: findStuck(model, nodes) };
}

function visit<State>(
  model: Model<State>,
  nodes: Node<State>[],
  indexOf: Map<string, number>,
  at: number,
  node: Node<State>,
): Finding | undefined {
  const wrong = model.problemOf(node.state);
  if (wrong !== undefined) return { problem: wrong, trace: traceTo(nodes, at) };
  for (const { name, next, problem } of model.actionsOf(node.state)) {
    if (problem !== undefined) return { problem, trace: [...traceTo(nodes, at), name] };
    const key = model.keyOf(next);
    let index = indexOf.get(key);
    if (index === undefined) {
      index = nodes.length;
      indexOf.set(key, index);
      nodes.push({ state: next, cameFrom: at, by: name, successors: [] });
    }
    node.successors.push(index);
  }
  return undefined;
}

/** The first state from which no goal can be reached, whatever happens. */
function findStuck<State>(model: Model<State>, nodes: readonly Node<State>[]): Finding | undefined {
  if (model.isGoal === undefined) return undefined;
  const predecessors: number[][] = nodes.map(() => []);
  nodes.forEach(({ successors }, at) => {
    for (const successor of successors) predecessors[successor]?.push(at);
  });
  const canFinish = new Uint8Array(nodes.length);
  const open: number[] = [];
  const mark = (at: number): void => {
    if (canFinish[at] === 1) return;
    canFinish[at] = 1;
    open.push(at);
  };
  nodes.forEach(({ state }, at) => {
    if (model.isGoal?.(state) === true) mark(at);
  });
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const predecessor of predecessors[at] ?? []) mark(predecessor);
  const stuck = canFinish.indexOf(0);
  return stuck < 0
    ? undefined
    : { problem: 'from here it never ends well', trace: traceTo(nodes, stuck) };
}

function traceTo<State>(nodes: readonly Node<State>[], at: number): string[] {
  const trace: string[] = [];
  for (let node = nodes[at]; node !== undefined && node.cameFrom >= 0; node = nodes[node.cameFrom])
    trace.push(node.by);
  return trace.reverse();
}
