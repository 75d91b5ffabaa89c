import { REST } from './support/device.ts'
import { tellTheStory } from './support/story.ts'

tellTheStory(REST)
