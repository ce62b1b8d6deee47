/** A member of at most one ring at a time. */
export class RingNode<T> {
  readonly value: T;
  /** Kept by `Ring`, for `Ring`. */
  ring: Ring<T> | undefined;
  next: RingNode<T>;
  previous: RingNode<T>;

  constructor(value: T) {
    this.value = value;
    this.next = this;
    this.previous = this;
  }
}

/**
 * A queue whose front can go to the back, and whose members can leave from anywhere, each in constant time: a thousand
 * channels that close while no link is alive leave nothing behind.
 */
export class Ring<T> {
  #first: RingNode<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Whether the front is the only member. */
  get isSingle(): boolean {
    return this.#first !== undefined && this.#first.next === this.#first;
  }

  has(node: RingNode<T>): boolean {
    return node.ring === this;
  }

  /** Adds at the back; a member stays where it is. */
  add(node: RingNode<T>): void {
    if (node.ring !== undefined) return;
    node.ring = this;
    const first = this.#first;
    if (first === undefined) {
      this.#first = node;
      return;
    }
    node.next = first;
    node.previous = first.previous;
    first.previous.next = node;
    first.previous = node;
  }

  /** Of a node that is no member nothing changes. */
  remove(node: RingNode<T>): void {
    if (node.ring !== this) return;
    if (this.#first === node) this.#first = node.next === node ? undefined : node.next;
    node.previous.next = node.next;
    node.next.previous = node.previous;
    node.next = node;
    node.previous = node;
    node.ring = undefined;
  }

  removeFirst(): void {
    if (this.#first !== undefined) this.remove(this.#first);
  }

  /** The front goes to the back. */
  rotate(): void {
    this.#first = this.#first?.next;
  }
}
