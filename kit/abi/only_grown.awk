# Reads what abidiff says of leaf changes, and fails unless all of it is this: structures
# that say their own size have members more, behind all those they had.
/^$/ || /^Changed leaf types summary: / || /^Leaf changes summary: / { next }
/^Removed\/Changed\/Added (functions|variables) summary: 0 Removed, 0 Changed, 0 Added / { next }
/^'struct anagraph_(conflict|verdict|host|policy) at .*' changed:$/ { size = -1; next }
/^  type size changed from [0-9]+ to [0-9]+ \(in bits\)$/ { size = $5; next }
/^  [0-9]+ data member insertions?:$/ { next }
/^    '.*', at offset [0-9]+ \(in bits\)/ {
	match($0, /at offset [0-9]+/)
	if (size >= 0 && substr($0, RSTART + 10, RLENGTH - 10) + 0 >= size + 0)
		next
}
{ print; bad = 1 }
END { exit bad }
