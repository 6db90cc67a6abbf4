using System.Buffers.Binary;
using System.Text;
using OnnxIntervene.IR;

namespace OnnxIntervene.Formats;

/// <summary>
/// Takes a pickle apart into its instructions. They are not run here; those that tensors do not need are
/// refused.
/// </summary>
internal static class PickleReader
{
    // BUILD, REDUCE and the like have no argument; their meaning is PickleMachine's.
    public static IEnumerable<PickleInstruction> Parse(byte[] pickle, string path)
    {
        var reader = new Reader(pickle, path);
        while (true)
        {
            var instruction = reader.Next();
            yield return instruction;
            if (instruction.Opcode == PickleOpcode.Stop)
                yield break;
        }
    }

    private sealed class Reader(byte[] pickle, string path)
    {
        private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);
        private int _position;

        public PickleInstruction Next()
        {
            var opcode = (PickleOpcode)Bytes(1)[0];
            return opcode switch
            {
                PickleOpcode.Protocol => new(opcode, Protocol(), null),
                PickleOpcode.BinInt1 or PickleOpcode.BinGet or PickleOpcode.BinPut => new(opcode, Bytes(1)[0], null),
                PickleOpcode.BinInt2 => new(opcode, BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)), null),
                PickleOpcode.BinInt => new(opcode, BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)), null),
                PickleOpcode.LongBinGet or PickleOpcode.LongBinPut => new(
                    opcode,
                    BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)),
                    null
                ),
                PickleOpcode.Long1 => new(opcode, LongNumber(), null),
                PickleOpcode.Frame => new(opcode, BinaryPrimitives.ReadInt64LittleEndian(Bytes(8)), null),
                PickleOpcode.BinUnicode => new(opcode, 0, Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))),
                PickleOpcode.ShortBinUnicode => new(opcode, 0, Text(Bytes(1)[0])),
                PickleOpcode.Global => new(opcode, 0, $"{Line()}.{Line()}"),
                PickleOpcode.Mark
                or PickleOpcode.EmptyTuple
                or PickleOpcode.Stop
                or PickleOpcode.None
                or PickleOpcode.BinPersistentId
                or PickleOpcode.Reduce
                or PickleOpcode.EmptyList
                or PickleOpcode.Append
                or PickleOpcode.Build
                or PickleOpcode.Appends
                or PickleOpcode.SetItem
                or PickleOpcode.Tuple
                or PickleOpcode.SetItems
                or PickleOpcode.EmptyDict
                or PickleOpcode.Tuple1
                or PickleOpcode.Tuple2
                or PickleOpcode.Tuple3
                or PickleOpcode.NewTrue
                or PickleOpcode.NewFalse
                or PickleOpcode.StackGlobal
                or PickleOpcode.Memoize => new(opcode, 0, null),
                _ => throw Unknown(opcode),
            };
        }

        private byte Protocol()
        {
            var version = Bytes(1)[0];
            return version <= 5
                ? version
                : throw new ModelFormatException($"'{path}': pickle protocol {version} is unknown; the latest is 5.");
        }

        private long LongNumber()
        {
            var length = Bytes(1)[0];
            if (length > 8)
                throw new ModelFormatException(
                    $"'{path}' holds a whole number of {length} bytes; no tensor needs more than 8."
                );
            var number = 0L;
            var bytes = Bytes(length);
            for (var index = length - 1; index >= 0; index--)
                number = (number << 8) | bytes[index];
            var unused = 64 - (8 * length);
            return length == 0 ? 0 : number << unused >> unused;
        }

        private string Text(uint length)
        {
            if (length > pickle.Length - _position)
                throw new ModelFormatException(
                    $"'{path}': a text claims {length} bytes; {pickle.Length - _position} are left. Is the file cut "
                        + $"off?"
                );
            try
            {
                return s_utf8.GetString(Bytes((int)length));
            }
            catch (DecoderFallbackException fault)
            {
                throw new ModelFormatException(
                    $"'{path}': a text before byte {_position} of the pickle is not UTF-8.",
                    fault
                );
            }
        }

        private string Line()
        {
            var length = pickle.AsSpan(_position).IndexOf((byte)'\n');
            if (length < 0)
                throw new ModelFormatException($"'{path}': the name of a class does not end. Is the file cut off?");
            var line = Text((uint)length);
            _position++;
            return line;
        }

        private ReadOnlySpan<byte> Bytes(int count)
        {
            if (count > pickle.Length - _position)
                throw new ModelFormatException(
                    $"'{path}': the pickle ends early, after {pickle.Length} bytes. Is the file cut off?"
                );
            _position += count;
            return pickle.AsSpan(_position - count, count);
        }

        private ModelFormatException Unknown(PickleOpcode opcode) =>
            new(
                Enum.IsDefined(opcode)
                    ? $"'{path}' asks for the pickle opcode {opcode} at byte {_position - 1}, which no dictionary "
                        + $"of tensors needs. "
                        + "It is not run. Save a state_dict of tensors alone: torch.save(module.state_dict(), path)."
                    : $"'{path}': the byte {(byte)opcode:x2} at {_position - 1} of the pickle is not an opcode."
            );
    }
}
