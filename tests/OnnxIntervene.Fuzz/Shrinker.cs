using System.Diagnostics;
using OnnxIntervene.Fuzz.Mutation;

namespace OnnxIntervene.Fuzz;

/// <summary>Makes a file smaller as long as the same goes wrong with it.</summary>
/// <param name="isSame">Whether the same goes wrong with these bytes.</param>
internal sealed class Shrinker(Func<byte[], bool> isSame)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(20);
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public byte[] Shrink(string name, byte[] content) =>
        Path.GetExtension(name) switch
        {
            ".onnx" => ShrinkFields(content),
            ".json" => ShrinkJson(content),
            _ => ShrinkBytes(content),
        };

    private bool IsTime => _clock.Elapsed < s_longest;

    private byte[] ShrinkBytes(byte[] content)
    {
        for (var length = content.Length / 2; length > 0 && IsTime; length /= 2)
        {
            for (var start = 0; start + length <= content.Length && IsTime; )
            {
                byte[] shorter = [.. content.AsSpan(0, start), .. content.AsSpan(start + length)];
                if (isSame(shorter))
                    content = shorter;
                else
                    start += length;
            }
        }

        return content;
    }

    private byte[] ShrinkJson(byte[] content)
    {
        for (var isSmaller = true; isSmaller && IsTime; )
        {
            isSmaller = false;
            foreach (var span in (JsonMutator.Spans(content) ?? []).OrderByDescending(span => span.Length))
            {
                if (!IsTime || span.IsName || span.Length < 3)
                    break;
                byte[] shorter =
                [
                    .. content.AsSpan(0, span.Start),
                    (byte)'0',
                    .. content.AsSpan(span.Start + span.Length),
                ];
                if (!isSame(shorter))
                    continue;
                (content, isSmaller) = (shorter, true);
                break;
            }
        }

        return ShrinkBytes(content);
    }

    private byte[] ShrinkFields(byte[] content)
    {
        if (WireField.Parse(content) is not { } root)
            return ShrinkBytes(content);
        Drop(root, root, 0);
        var smaller = WireField.Write(root);
        return isSame(smaller) ? smaller : content;
    }

    private void Drop(List<WireField> root, List<WireField> list, int depth)
    {
        for (var count = Math.Max(1, list.Count / 2); ; count /= 2)
        {
            for (var start = list.Count - count; start >= 0 && IsTime; start -= count)
            {
                var dropped = list.GetRange(start, Math.Min(count, list.Count - start));
                list.RemoveRange(start, dropped.Count);
                if (!isSame(WireField.Write(root)))
                    list.InsertRange(start, dropped);
                start = Math.Min(start, list.Count);
            }

            if (count <= 1)
                break;
        }

        foreach (var field in list.Where(field => field.Fields is not null && depth < 4).ToList())
            Drop(root, field.Fields!, depth + 1);
    }
}
