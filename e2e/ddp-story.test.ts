import { DDP } from './support/device.ts'
import { tellTheStory } from './support/story.ts'

tellTheStory(DDP)
