namespace AgiJobs.Control.Files;

/// <summary>Writes that are on the disk when they return.</summary>
internal static class DurableWrite
{
    /// <summary>Writes at the stream's position and forces it to the disk. The stream must not buffer, or it would try again when it is closed.</summary>
    /// <exception cref="IOException">The disk is full, or the file may not grow any more.</exception>
    public static void To(FileStream file, ReadOnlySpan<byte> content)
    {
        try
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        catch (ArgumentOutOfRangeException problem)
        {
            // What .NET makes of EFBIG: the file would be larger than the system or a limit allows.
            throw new IOException("The file may not grow any more: the file system or a limit of the system forbids it.", problem);
        }
    }
}
