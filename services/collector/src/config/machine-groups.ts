/** Options of the groups about containers, graphics processors, directories and the inventory. */
export const machineGroupShapes = {}
