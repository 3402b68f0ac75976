package dev.edgekit.PACKAGE

import android.content.Context
import java.io.File
import java.io.IOException

/**
 * Copies the files of a model out of the app's assets, since LiteRT opens files by path.
 *
 * The only file of this module that needs Android.
 */
internal object ModelFiles {
    /**
     * The folder that holds [names], copied from the assets' folder [assets] if they are not there.
     *
     * @param version what names the content: another one is another folder, so that an update of
     *   the app never meets old files. Folders of other versions are removed.
     * @throws IOException an asset is missing, or the device is full.
     */
    fun install(context: Context, assets: String, version: String, names: List<String>): File {
        val place = File(context.filesDir, assets)
        val folder = File(place, version)
        place.listFiles()?.filter { it != folder }?.forEach { it.deleteRecursively() }
        for (name in names) {
            val file = File(folder, name)
            if (file.isFile) continue
            if (!folder.isDirectory && !folder.mkdirs()) throw IOException("cannot make $folder")
            // Whole or not at all: an app can end at any time.
            val part = File(folder, "$name.part")
            context.assets.open("$assets/$name").use { from ->
                part.outputStream().use { to -> from.copyTo(to) }
            }
            if (!part.renameTo(file)) throw IOException("cannot make $file")
        }
        return folder
    }
}
