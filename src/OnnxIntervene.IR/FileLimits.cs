namespace OnnxIntervene.IR;

/// <summary>
/// How large the files may be that are read: a bound on the memory that a stranger's file can take. One setting for the
/// whole process.
/// </summary>
public static class FileLimits
{
    private const long UsualText = 256L << 20;
    private static long s_largest = long.MaxValue;

    /// <summary>
    /// The largest file that is read, in bytes; not limited by default. Weights that stay in their files are not
    /// counted.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not positive.</exception>
    public static long LargestFile
    {
        get => Interlocked.Read(ref s_largest);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            Interlocked.Exchange(ref s_largest, value);
        }
    }

    /// <summary>
    /// The largest file of JSON or lines of text: 256 MiB by default, or <see cref="LargestFile"/> where that is set.
    /// </summary>
    internal static long Text => LargestFile == long.MaxValue ? UsualText : LargestFile;

    /// <summary>The header of a file of tensors, as its reference reader has it.</summary>
    internal const long Header = 100_000_000;
}
