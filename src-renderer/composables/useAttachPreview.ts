import { useDebounceFn } from '@vueuse/core'
import {
  computed,
  onScopeDispose,
  ref,
  shallowRef,
  watch,
  type ComputedRef,
  type Ref,
  type ShallowRef,
} from 'vue'
import { type AlignmentReport, type GraftError, type Job, toGraftError } from '../../src-main/contract'
import { type Attachment, useEmbeddings } from '../stores/embeddings'
import { useJobs } from '../stores/jobs'

export interface AttachPreview {
  readonly report: ShallowRef<AlignmentReport | null>
  readonly refused: ShallowRef<GraftError | null>
  /** Whether what is shown is not yet what was asked for last. */
  readonly looking: Ref<boolean>
  readonly job: ComputedRef<Job | null>
}

/** Follows what attaching would find, anew whenever the request changes; an answer that was overtaken is let go. */
export function useAttachPreview(request: Ref<Attachment | null>): AttachPreview {
  const embeddings = useEmbeddings()
  const jobs = useJobs()
  const report = shallowRef<AlignmentReport | null>(null)
  const refused = shallowRef<GraftError | null>(null)
  const looking = ref(false)
  const running = ref<string | null>(null)
  const job = computed(() => (running.value === null ? null : (jobs.all.get(running.value) ?? null)))
  let asked = 0

  function stop(): void {
    const id = running.value
    running.value = null
    if (id !== null) void jobs.cancel(id).catch(() => undefined)
  }

  async function look(): Promise<void> {
    const number = ++asked
    stop()
    const attachment = request.value
    looking.value = attachment !== null
    if (!attachment) {
      report.value = null
      refused.value = null
      return
    }
    try {
      const found = await embeddings.preview(attachment, (id) => {
        if (number === asked) running.value = id
        else void jobs.cancel(id).catch(() => undefined)
      })
      if (number !== asked) return
      report.value = found
      refused.value = null
    } catch (thrown) {
      if (number === asked) refused.value = toGraftError(thrown)
    } finally {
      if (number === asked) {
        looking.value = false
        running.value = null
      }
    }
  }
  const lookSoon = useDebounceFn(look, 150)

  watch(
    () => JSON.stringify(request.value),
    (now, before) => {
      if (now === before) return
      looking.value = request.value !== null
      void lookSoon()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    asked += 1
    stop()
  })

  return { report, refused, looking, job }
}
