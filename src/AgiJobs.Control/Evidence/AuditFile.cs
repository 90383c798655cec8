using System.Security.Cryptography;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence;

/// <summary>A file of the workspace that an entry vouches for.</summary>
/// <param name="Path">Relative to the workspace, with <c>/</c> between its parts.</param>
/// <param name="Sha256">The SHA-256 of its content when the entry was made.</param>
public sealed record AuditFile(string Path, Bytes32 Sha256)
{
    /// <summary>A file as it is now.</summary>
    /// <exception cref="ControlException"><c>audit-file</c> when it is not in the workspace, <c>file-read</c> when it cannot be read.</exception>
    public static AuditFile Of(Workspace workspace, string path)
    {
        var full = System.IO.Path.GetFullPath(path, workspace.Root);
        var relative = System.IO.Path.GetRelativePath(workspace.Root, full).Replace('\\', '/');
        try
        {
            using var file = new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return IsRelative(relative)
                ? new AuditFile(relative, new Bytes32(SHA256.HashData(file)))
                : throw new ControlException("audit-file", ExitCode.BadInput, $"{full} is not in the workspace {workspace.Root}.", "Only files of the workspace can be vouched for.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{full} could not be read: {problem.Message}", null, problem);
        }
    }

    /// <summary>True for a path that stays below the folder it is relative to, in its one spelling.</summary>
    public static bool IsRelative(string path) =>
        path.Length is > 0 and <= 1_000
        && path.All(c => c >= ' ' && c is not ('\\' or '\u007f'))
        && path.Split('/').All(part => part is not ("" or "." or ".."));
}
