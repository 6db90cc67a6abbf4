using System.Buffers.Binary;

namespace OnnxIntervene.Reports.Page;

/// <summary>Numbers as the page's script reads them: little-endian bytes in base64, every digit kept.</summary>
/// <param name="Bits">32 where every number is one of 32 bits, else 64.</param>
/// <param name="Data">The bytes.</param>
internal sealed record NumberBlock(int Bits, string Data)
{
    public static NumberBlock? Of(IReadOnlyList<double> numbers)
    {
        if (numbers.Count == 0)
            return null;
        var isSingle = numbers.All(number => double.IsNaN(number) || (float)number == number);
        var width = isSingle ? sizeof(float) : sizeof(double);
        var bytes = new byte[numbers.Count * width];
        for (var index = 0; index < numbers.Count; index++)
        {
            var place = bytes.AsSpan(index * width);
            if (isSingle)
                BinaryPrimitives.WriteSingleLittleEndian(place, (float)numbers[index]);
            else
                BinaryPrimitives.WriteDoubleLittleEndian(place, numbers[index]);
        }

        return new NumberBlock(width * 8, Convert.ToBase64String(bytes));
    }

    public static NumberBlock Of(IReadOnlyList<float> numbers)
    {
        var bytes = new byte[numbers.Count * sizeof(float)];
        for (var index = 0; index < numbers.Count; index++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(index * sizeof(float)), numbers[index]);
        return new NumberBlock(32, Convert.ToBase64String(bytes));
    }
}
