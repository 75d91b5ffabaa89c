/** One thing that a parent does, the test that proves that Latchkey does it too, and how to switch it off so that the test has to fail. */
export interface Row {
  /** As its users know it: `resumeSessionValidator`, `ValidateLogin`, `POST /password/register`. */
  item: string
  /** Shown in the table where the name alone does not say it. */
  note?: string
  proof: {
    /** From the root of the repository. */
    file: string
    /** The title, or as much of it as only this test has. */
    title: string
  }
  off: Change | readonly Change[]
}

/** `from` stands in the file exactly once; with `to` in its place the thing is gone. */
export interface Change {
  file: string
  from: string
  to: string
}

/** A part of the table. */
export interface Chapter {
  title: string
  rows: readonly Row[]
}

/** One of the 216 behaviours that Meteor's own tests state. */
export interface MeteorRow extends Omit<Row, 'proof' | 'off'> {
  /** 1 to 216. */
  number: number
  proof: Row['proof']
  off: Row['off']
  /** Where one sentence of theirs states several things: the others, each with its own test. */
  also?: readonly Row[]
}

/** One of them that has no test here, and why. */
export interface MeteorGap {
  number: number
  item: string
  /** Why it cannot apply here, or what later work it belongs to. */
  reason: { doesNotApply: string } | { later: string }
}

/** A part of Meteor's table. */
export interface MeteorChapter {
  title: string
  rows: readonly (MeteorRow | MeteorGap)[]
}
