import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { type Catalog } from '../../src-main/contract'
import { api } from '../api'

/** Architectures, optimizers and the forms of their settings. The same as long as Graft runs. */
export const useCatalog = defineStore('catalog', () => {
  const catalog = shallowRef<Catalog | null>(null)

  async function load(): Promise<void> {
    catalog.value ??= await api.model.catalog({})
  }

  return { catalog, load }
})
