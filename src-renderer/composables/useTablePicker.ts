import { useFileDialog } from '@vueuse/core'
import { useTables } from '../stores/tables'
import { useAction, type Action } from './useAction'

/** Endings of raw tables, compressed or not. */
export const tableEndings = ['csv', 'tsv', 'json', 'jsonl', 'ndjson', 'parquet', 'feather', 'arrow'] as const

/** Lets the person choose tables, on the desktop and in a browser alike, and brings them into the import sheet. */
export function useTablePicker(): { choose: () => void; bringing: Action<[File[]]> } {
  const tables = useTables()
  const bringing = useAction((files: File[]) => tables.bring(files))
  const dialog = useFileDialog({
    multiple: true,
    reset: true,
    accept: [...tableEndings.map((ending) => `.${ending}`), '.txt', '.gz', '.zst'].join(','),
  })
  dialog.onChange((files) => {
    if (files && files.length > 0) void bringing.run([...files])
  })
  return { choose: () => dialog.open(), bringing }
}
