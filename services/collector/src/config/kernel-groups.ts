/** Options of the groups about sockets, pressure, paging, processes, temperatures and the clock. */
export const kernelGroupShapes = {}
