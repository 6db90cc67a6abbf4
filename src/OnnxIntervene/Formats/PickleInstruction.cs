namespace OnnxIntervene.Formats;

/// <summary>One step of a pickle: the opcode, and the number or text that follows it.</summary>
internal readonly record struct PickleInstruction(PickleOpcode Opcode, long Number, string? Text)
{
    public override string ToString() =>
        Opcode switch
        {
            PickleOpcode.BinUnicode or PickleOpcode.ShortBinUnicode or PickleOpcode.Global => $"{Opcode} '{Text}'",
            PickleOpcode.BinInt
            or PickleOpcode.BinInt1
            or PickleOpcode.BinInt2
            or PickleOpcode.Long1
            or PickleOpcode.Protocol
            or PickleOpcode.BinGet
            or PickleOpcode.BinPut
            or PickleOpcode.LongBinGet
            or PickleOpcode.LongBinPut => $"{Opcode} {Number}",
            _ => $"{Opcode}",
        };
}
