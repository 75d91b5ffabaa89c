/** Sets by key, without empty ones left over: an index of what belongs to whom. */
export class Groups<Member extends string = string> {
  readonly #groups = new Map<string, Set<Member>>()

  add(key: string, member: Member): void {
    const group = this.#groups.get(key)
    if (group) group.add(member)
    else this.#groups.set(key, new Set([member]))
  }

  remove(key: string, member: Member): void {
    const group = this.#groups.get(key)
    group?.delete(member)
    if (group?.size === 0) this.#groups.delete(key)
  }

  /** How many keys have members; for tests, which look for what is left over. */
  get size(): number {
    return this.#groups.size
  }

  /** The members at this moment: removing some while walking through them is fine. */
  of(key: string): Member[] {
    return [...(this.#groups.get(key) ?? [])]
  }
}
