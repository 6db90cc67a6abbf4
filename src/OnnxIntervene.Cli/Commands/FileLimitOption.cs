using System.CommandLine;
using OnnxIntervene.IR;

namespace OnnxIntervene.Cli.Commands;

/// <summary>The largest file that any command reads.</summary>
internal static class FileLimitOption
{
    /// <summary>The option, for the root of the commands.</summary>
    public static Option<long?> Create()
    {
        var option = SizeOption.Create(
            "--max-file",
            "The largest file that is read, such as 512M or 2G. Default: 256M for JSON and text, no limit for models "
                + "and tensors."
        );
        option.Recursive = true;
        return option;
    }

    /// <summary>Makes what the user wrote the limit of this process.</summary>
    public static void Apply(ParseResult arguments, Option<long?> option)
    {
        // A command line that is not understood is refused when it is invoked.
        if (arguments.Errors.Count == 0 && arguments.GetValue(option) is { } largest)
            FileLimits.LargestFile = largest;
    }
}
