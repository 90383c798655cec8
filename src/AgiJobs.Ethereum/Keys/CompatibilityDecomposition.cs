namespace AgiJobs.Ethereum.Keys;

internal static class CompatibilityDecomposition
{
    public static string Of(ReadOnlySpan<char> text) => System.Text.Ascii.IsValid(text)
        ? text.ToString()
        : throw EthereumException.BadInput("passphrase-characters", "The passphrase has characters outside ASCII, which are not supported yet.");
}
